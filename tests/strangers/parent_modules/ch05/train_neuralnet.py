import sys, os
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import numpy as np
import matplotlib.pyplot as plt
from common.data import load_blobs
from two_layer_net import TwoLayerNet

(x_train, t_train), (x_test, t_test) = load_blobs()

network = TwoLayerNet(input_size=9, hidden_size=13, output_size=4)

rounds = 200
train_size = x_train.shape[0]
batch_size = 30
learning_rate = 0.5

losses = []
train_curve = []
test_curve = []
per_epoch = max(train_size / batch_size, 1)

for i in range(rounds):
    chosen = np.random.choice(train_size, batch_size)
    x_batch = x_train[chosen]
    t_batch = t_train[chosen]

    # 勾配
    grad = network.gradient(x_batch, t_batch)

    # 更新
    for key in ('W1', 'b1', 'W2', 'b2'):
        network.params[key] -= learning_rate * grad[key]

    loss = network.loss(x_batch, t_batch)
    losses.append(loss)

    if i % per_epoch == 0:
        train_acc = network.accuracy(x_train, t_train)
        test_acc = network.accuracy(x_test, t_test)
        train_curve.append(train_acc)
        test_curve.append(test_acc)
print("train acc, test acc | " + str(train_curve[-1]) + ", " + str(test_curve[-1]))

x = np.arange(len(train_curve))
plt.plot(x, train_curve, label='train acc')
plt.plot(x, test_curve, label='test acc', linestyle='--')
plt.xlabel("epochs")
plt.ylabel("accuracy")
plt.ylim(0, 1.0)
plt.legend(loc='lower right')
plt.show()
