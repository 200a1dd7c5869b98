"""The parts of tools/render_docs."""
