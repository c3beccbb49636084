#!/usr/bin/env python
# coding: utf-8

# # Softmax regression on synthetic data
# 
# Notebook for week 3.

# In[1]:


import numpy as np


# In[2]:


np.random.seed(100)
n, d, K = 600, 12, 5
true_W = np.random.randn(d, K)
X = np.random.randn(n, d)
y = np.argmax(X @ true_W + 1.5 * np.random.gumbel(size=(n, K)), axis=1)
X_train, y_train = X[:500], y[:500]
X_test, y_test = X[500:], y[500:]
X_train.shape, y_train.shape


# ## The model

# In[3]:


def softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def one_hot(labels, K):
    out = np.zeros((labels.size, K))
    out[np.arange(labels.size), labels] = 1
    return out


# In[4]:


def loss_fn(W, b, X, Y, reg):
    P = softmax(X @ W + b)
    data_loss = -np.mean(np.sum(Y * np.log(P + 1e-12), axis=1))
    return data_loss + reg * np.sum(W * W)


def grad_fn(W, b, X, Y, reg):
    P = softmax(X @ W + b)
    G = (P - Y) / X.shape[0]
    dW = X.T @ G + reg * W
    db = G.sum(axis=0)
    return dW, db


# ## Training

# In[5]:


W = 0.01 * np.random.randn(d, K)
b = np.zeros(K)
reg = 0.05
lr = 0.5
batch = 50
Y_train = one_hot(y_train, K)
losses = []

for epoch in range(40):
    order = np.random.permutation(len(X_train))
    for i in range(0, len(order), batch):
        sel = order[i:i + batch]
        dW, db = grad_fn(W, b, X_train[sel], Y_train[sel], reg)
        W -= lr * dW
        b -= lr * db
    losses.append(loss_fn(W, b, X_train, Y_train, reg))
    if epoch % 10 == 0:
        print(epoch, losses[-1])


# In[6]:


def accuracy(X, y):
    return (softmax(X @ W + b).argmax(axis=1) == y).mean()


print('final loss', losses[-1])
print('train', accuracy(X_train, y_train), 'test', accuracy(X_test, y_test))
