"""The wire: requests in, answers with measured phases out; the only room that opens sockets for checks."""
