import numpy as np

np.random.seed(12)
x = np.linspace(-3, 3, 40).reshape(-1, 1)
target = np.cos(x) + 0.05 * np.random.randn(40, 1)

w_in = np.random.randn(1, 9)
c_in = np.random.randn(9)
w_out = np.random.randn(9, 1) * 0.3
c_out = 0.0
rate = 0.03

for epoch in range(120):
    pre = x @ w_in + c_in
    act = np.tanh(pre)
    pred = act @ w_out + c_out
    resid = pred - target
    mse = np.mean(resid ** 2)

    g = 2 * resid / resid.size
    g_act = g @ w_out.T  # expect: missing-activation-derivative
    g_w_out = act.T @ g
    g_c_out = g.sum()
    g_w_in = x.T @ g_act
    g_c_in = g_act.sum(axis=0)

    w_out -= rate * g_w_out
    c_out -= rate * g_c_out
    w_in -= rate * g_w_in
    c_in -= rate * g_c_in
print("final mse", mse)
