"""The only importer of streamlit: page chrome, cached wrappers, controls, token views."""
