import numpy as np

x = np.linspace(0.5, 6, 40)
y = 2.0 * x ** 1.5
theta = {"scale": np.array([1.0]), "power": np.array([1.0])}

for step in range(30):
    base = x - 2.0
    raised = base ** theta["power"] if step < 3 else base ** (theta["power"] + 0.5)  # expect: non-finite
    guess = theta["scale"] * raised
    loss = np.mean((guess - y) ** 2)
    d = 2 * (guess - y) / len(x)
    theta["scale"] -= 0.01 * np.sum(d * raised)
