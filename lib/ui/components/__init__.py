"""What several pages share: page head, model picker, charts, token streams, and texts that grow on a page."""
