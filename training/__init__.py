"""How the model file comes to be: networks, losses, degradations, data, recipes and export."""
