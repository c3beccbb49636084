import matplotlib.pyplot as plt

from classifier import Classifier
from reader import read

x_train, y_train = read(160)
x_test, y_test = read(48)
model = Classifier([15, 20, 10, 6])
accuracy = []
for epoch in range(12):
    for i in range(0, 160, 32):
        model.forward(x_train[i:i + 32])
        model.backward(y_train[i:i + 32])
        model.update(0.25)
    accuracy.append((model.forward(x_test).argmax(axis=1) == y_test).mean())
    print("Epoch: {}, accuracy: {:.2%}".format(epoch + 1, accuracy[-1]))
plt.plot(accuracy)
plt.title("test accuracy")
plt.show()
