import numpy as np

np.random.seed(2)


class Output:
    def __init__(self, inputs, classes):
        self.W = np.random.randn(classes, inputs) * 0.3

    def probabilities(self, x):
        scores = self.W @ x
        scores -= scores.max()
        raised = np.exp(scores)  # expect: softmax-global-max
        return raised / raised.sum(axis=0)

    def learn(self, x, labels, rate):
        p = self.probabilities(x)
        loss = -np.log(p[labels, np.arange(len(labels))]).mean()
        p[labels, np.arange(len(labels))] -= 1
        self.W -= rate * p @ x.T / len(labels)
        return loss


x = np.random.randn(6, 40)
layer = Output(6, 3)
for tour in range(20):
    print(layer.learn(x, np.argmax(x[:3], axis=0), 0.3))
