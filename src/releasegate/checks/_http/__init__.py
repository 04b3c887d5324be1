"""The parts of the `http` kind; `releasegate.checks.http` is its front."""
