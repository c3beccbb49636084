# CS 189-style project: predict steering angle (regression) and road type (4 classes) from the same features
import numpy as np

rng = np.random.default_rng(15)


def relu(v):
    return np.maximum(v, 0.0)


def log_softmax(s):
    s = s - s.max(axis=0, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=0, keepdims=True))


# ---------- data, one column per frame ----------
n_frames = 480
frames = rng.normal(size=(10, n_frames))
angle = (0.8 * frames[0] - 0.5 * frames[1] * frames[2] + 0.1 * rng.normal(size=n_frames)).reshape(1, -1)
road = 2 * (frames[3] + 0.5 * frames[0] > 0) + (frames[4] - frames[5] > 0)
road_1hot = np.eye(4)[:, road]

# ---------- network ----------
net = {
    "W_shared": rng.normal(size=(28, 10)) * np.sqrt(2 / 10),
    "b_shared": np.zeros((28, 1)),
    "W_angle": rng.normal(size=(1, 28)) * np.sqrt(1 / 28),
    "b_angle": np.zeros((1, 1)),
    "W_road": rng.normal(size=(4, 28)) * np.sqrt(1 / 28),
    "b_road": np.zeros((4, 1)),
}
cache = {name: np.zeros_like(p) for name, p in net.items()}


def run(x):
    pre = net["W_shared"] @ x + net["b_shared"]
    feat = relu(pre)
    return pre, feat, net["W_angle"] @ feat + net["b_angle"], net["W_road"] @ feat + net["b_road"]


def losses(ang, logits, ang_true, onehot):
    n = ang_true.shape[1]
    l_angle = 0.5 * np.sum((ang - ang_true) ** 2) / n
    l_road = -np.sum(onehot * log_softmax(logits)) / n
    return l_angle, l_road


def compute_grads(x, ang_true, onehot):
    n = x.shape[1]
    pre, feat, ang, logits = run(x)
    d_ang = (ang - ang_true) / n
    d_logits = (np.exp(log_softmax(logits)) - onehot) / n
    d_feat = net["W_angle"].T @ d_ang
    d_feat = net["W_road"].T @ d_logits
    d_pre = d_feat * (pre > 0)
    return {
        "W_angle": d_ang @ feat.T, "b_angle": d_ang.sum(axis=1, keepdims=True),
        "W_road": d_logits @ feat.T, "b_road": d_logits.sum(axis=1, keepdims=True),
        "W_shared": d_pre @ x.T, "b_shared": d_pre.sum(axis=1, keepdims=True),
    }


# ---------- AdaGrad ----------
for epoch in range(30):
    shuffled = rng.permutation(n_frames)
    for lot in np.split(shuffled, 12):
        grads = compute_grads(frames[:, lot], angle[:, lot], road_1hot[:, lot])
        for name in net:
            cache[name] += grads[name] ** 2
            net[name] -= 0.05 * grads[name] / (np.sqrt(cache[name]) + 1e-8)
    if epoch % 5 == 4:
        _, _, ang, logits = run(frames)
        l_angle, l_road = losses(ang, logits, angle, road_1hot)
        loss = l_angle + l_road
        print(f"epoch {epoch + 1}: loss {loss:.4f} (angle {l_angle:.4f}, road {l_road:.4f}), "
              f"road acc {(logits.argmax(axis=0) == road).mean():.3f}")
