"""GitHub's stand-in: a request, a state and a time in, GitHub's answer out. Pure; `hub_server` serves it."""
