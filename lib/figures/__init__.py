"""Arrays in, Plotly figures out. Knows nothing of Streamlit, models or files."""
