"""Answer one question for residents who opted in: who stands before the camera, if anybody."""
