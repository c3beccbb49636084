import numpy as np


class RMSprop:
    def __init__(self, lr=1e-2, decay=0.9, eps=1e-6):
        self.lr, self.decay, self.eps = lr, decay, eps
        self.state = {}

    def apply(self, module, grads):
        for name, g in grads.items():
            key = (id(module), name)
            s = self.state.get(key, np.zeros_like(g))
            s = self.decay * s + (1 - self.decay) * g * g
            self.state[key] = s
            p = getattr(module, name)
            p -= self.lr * g / (np.sqrt(s) + self.eps)
