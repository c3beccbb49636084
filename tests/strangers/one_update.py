# worked example from the lecture: one step of backpropagation by hand
import numpy as np

i = np.array([0.05, 0.10])
target = np.array([0.01, 0.99, 0.40])

W_ih = np.array([[0.15, 0.20], [0.25, 0.30], [-0.10, 0.35], [0.05, 0.45]])
b_h = np.full(4, 0.35)
W_ho = np.array([[0.40, 0.45, 0.50, -0.20], [0.55, 0.10, -0.30, 0.20], [0.15, -0.25, 0.60, 0.30]])
b_o = np.full(3, 0.60)
eta = 0.5

net_h = W_ih @ i + b_h
out_h = 1 / (1 + np.exp(-net_h))
net_o = W_ho @ out_h + b_o
out_o = 1 / (1 + np.exp(-net_o))

E_total = np.sum(0.5 * (target - out_o) ** 2)
print("total error:", E_total)

dE_dout = -(target - out_o)
dout_dnet = out_o * (1 - out_o)
delta_o = dE_dout * dout_dnet
dE_dWho = np.outer(delta_o, out_h)

dE_douth = delta_o @ W_ho
delta_h = dE_douth * out_h * (1 - out_h)
dE_dWih = np.outer(delta_h, i)

W_ho_new = W_ho - eta * dE_dWho
W_ih_new = W_ih - eta * dE_dWih
b_o_new = b_o - eta * delta_o
b_h_new = b_h - eta * delta_h

print("W_ho+", W_ho_new, sep="\n")
print("W_ih+", W_ih_new, sep="\n")
out_h = 1 / (1 + np.exp(-(W_ih_new @ i + b_h_new)))
out_o = 1 / (1 + np.exp(-(W_ho_new @ out_h + b_o_new)))
print("total error after the step:", np.sum(0.5 * (target - out_o) ** 2))
