"""The river of roads not taken in the browser: the component, what it reads of a model, previews, and its link."""
