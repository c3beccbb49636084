import numpy as np

np.random.seed(1)

# Two interleaving half circles, 200 points, two classes.
angle = np.random.uniform(0, np.pi, 200)
label = np.arange(200) % 2
points = np.where(label, [1 - np.cos(angle), 0.5 - np.sin(angle)], [np.cos(angle), np.sin(angle)]).T
points += 0.1 * np.random.randn(200, 2)
wanted = np.eye(2)[label]

W1 = 0.5 * np.random.randn(2, 16)
b1 = np.zeros(16)
W2 = 0.5 * np.random.randn(16, 2)
b2 = np.zeros(2)
rate = 0.5

for epoch in range(300):
    # forward
    hidden = np.tanh(points @ W1 + b1)
    scores = hidden @ W2 + b2
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    predicted = exps / exps.sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(wanted * np.log(predicted), axis=1))

    # backward
    d_scores = (predicted - wanted) / len(points)
    d_W2 = hidden.T @ d_scores
    d_b2 = d_scores.sum(axis=0)
    d_hidden = d_scores @ W2.T * hidden * (1 - hidden)
    d_W1 = points.T @ d_hidden
    d_b1 = d_hidden.sum(axis=0)

    W1 -= rate * d_W1
    b1 -= rate * d_b1
    W2 -= rate * d_W2
    b2 -= rate * d_b2

    if epoch % 50 == 0:
        print(f"epoch {epoch}: loss {loss:.4f}")
