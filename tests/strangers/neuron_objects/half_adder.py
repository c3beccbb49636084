from network import Network
from neuron import Neuron

net = Network([2, 3, 2])
Neuron.eta = 0.3
Neuron.alpha = 0.1
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
outputs = [[0, 0], [1, 0], [1, 0], [0, 1]]

rounds = 0
while True:
    wrong = 0
    for i in range(len(inputs)):
        net.setInput(inputs[i])
        net.fire()
        wrong += net.decisions() != outputs[i]
        net.backPropagate(outputs[i])
    rounds += 1
    if wrong == 0 or rounds > 1500:
        break
print("rounds", rounds, "wrong", wrong)
