"""A text that grows in the background, and its tokens as data for the browser. Knows nothing of Streamlit."""
