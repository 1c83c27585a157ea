"""The parts of the Home page: the first demo, the lesson cards, the model shelf."""
