"""The PyQt6 desktop app. The only room that imports Qt."""
