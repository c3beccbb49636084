import numpy as np
import matplotlib.pyplot as plt

per_arm = 40
arms = 3
dim = 2
n = per_arm*arms
X = np.zeros((n,dim))
y = np.zeros(n, dtype='uint8')
for k in range(arms):
  rows = range(per_arm*k,per_arm*(k+1))
  radius = np.linspace(0.0,1,per_arm)
  angle = 4*k + 4*radius + np.random.randn(per_arm)*0.2
  X[rows] = np.c_[radius*np.cos(angle), radius*np.sin(angle)]
  y[rows] = k

hidden = 50
W = 0.01 * np.random.randn(dim,hidden)
b = np.zeros((1,hidden))
W2 = 0.01 * np.random.randn(hidden,arms)
b2 = np.zeros((1,arms))

rate = 1.0
reg = 1e-3

for i in range(500):

  h = np.maximum(0, np.dot(X, W) + b)
  scores = np.dot(h, W2) + b2
  e = np.exp(scores)
  probs = e / np.sum(e, axis=1, keepdims=True)

  data_loss = -np.sum(np.log(probs[range(n),y]))/n
  reg_loss = 0.5*reg*np.sum(W*W) + 0.5*reg*np.sum(W2*W2)
  loss = data_loss + reg_loss
  if i % 100 == 0:
    print(i, loss)

  dscores = probs
  dscores[range(n),y] -= 1
  dscores /= n

  dW2 = np.dot(h.T, dscores)
  db2 = np.sum(dscores, axis=0, keepdims=True)
  dh = np.dot(dscores, W2.T)
  dh[h <= 0] = 0
  dW = np.dot(X.T, dh)
  db = np.sum(dh, axis=0, keepdims=True)

  dW2 += reg * W2
  dW += reg * W

  W += -rate * dW
  b += -rate * db
  W2 += -rate * dW2
  b2 += -rate * db2

h = np.maximum(0, np.dot(X, W) + b)
print('right:', np.mean(np.argmax(np.dot(h, W2) + b2, axis=1) == y))
plt.scatter(X[:, 0], X[:, 1], c=y)
plt.show()
