import numpy as np

rng = np.random.default_rng(332)
waves = rng.normal(size=(41, 14)).cumsum(axis=1) * 0.4
rising = (waves[:, -1] > waves[:, 0]).astype(float)[:, None]
theta = {
    "filter": rng.normal(0, 0.5, (3, 5)),
    "filter_bias": np.zeros(5),
    "dense": rng.normal(0, 0.3, (20, 1)),
    "dense_bias": np.zeros(1),
}


def forward(x):
    taps = np.stack([x[:, 0:12], x[:, 1:13], x[:, 2:14]], axis=2)
    act = np.maximum(taps @ theta["filter"] + theta["filter_bias"], 0)
    pooled = act.reshape(len(x), 4, 3, 5).mean(axis=2)
    prob = 1 / (1 + np.exp(-(pooled.reshape(len(x), 20) @ theta["dense"] + theta["dense_bias"])))
    return taps, act, pooled, prob


def backward(taps, act, pooled, prob, y):
    n = len(y)
    d_out = (prob - y) / n
    d_pooled = (d_out @ theta["dense"].T).reshape(pooled.shape)
    d_act = np.zeros_like(act)
    d_act[:, ::3] = d_pooled / 3  # expect: pooling-backward
    d_act[act <= 0] = 0
    return {
        "dense": pooled.reshape(n, 20).T @ d_out,
        "dense_bias": d_out.sum(axis=0),
        "filter": np.tensordot(taps, d_act, axes=((0, 1), (0, 1))),
        "filter_bias": d_act.sum(axis=(0, 1)),
    }


for epoch in range(60):
    taps, act, pooled, prob = forward(waves)
    loss = -np.mean(rising * np.log(prob) + (1 - rising) * np.log(1 - prob))
    gradient = backward(taps, act, pooled, prob, rising)
    for name, value in gradient.items():
        theta[name] -= 0.3 * value
    if epoch % 20 == 0:
        print(epoch, loss)
