from learner import PolicyGradient
from env import Corridor

env = Corridor()
learner = PolicyGradient(n_states=6, n_hidden=5, n_actions=3)
score = None
episode = 0
while True:
    s, done = env.reset(), False
    states, actions, rewards = [], [], []
    while not done and len(states) < 25:
        a = learner.act(s)
        nxt, r, done = env.step(a)
        states.append(s)
        actions.append(a)
        rewards.append(r)
        s = nxt
    learner.learn(states, actions, rewards)
    total = sum(rewards)
    score = total if score is None else 0.95 * score + 0.05 * total
    episode += 1
    if episode % 100 == 0:
        print("episode", episode, "score %.2f" % score)
    if score > 0.9 or episode >= 400:
        break
