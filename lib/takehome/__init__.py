"""What one can take home: every page as a Jupyter notebook, results as CSV and JSON, and the worksheet to hand in.

Plain data in, text out. The notebooks use transformers, tokenizers, tiktoken and Plotly alone and nothing of this app.
"""
