"""Arrays in, figures as plotly.js reads them out: plain dictionaries. Knows nothing of Streamlit, models or files."""
