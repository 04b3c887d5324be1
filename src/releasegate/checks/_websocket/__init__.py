"""The parts of the `websocket` kind; `releasegate.checks.websocket` is its front."""
