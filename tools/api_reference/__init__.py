"""The parts of tools/render_api_reference."""
