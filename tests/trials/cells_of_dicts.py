# hand made two layer perceptron for a weather station, no numpy; rain yes/no from pressure, humidity, wind
# cells as dicts, one example at a time
import math, random

rnd = random.Random(77)
days = []
for _ in range(120):
    pressure, humidity, wind = rnd.gauss(0, 1), rnd.gauss(0, 1), rnd.gauss(0, 1)
    days.append(((pressure, humidity, wind), 1.0 if humidity - pressure + 0.3 * wind * humidity > 0.2 else 0.0))

front = [{"w": [rnd.uniform(-.7, .7) for _ in range(3)], "t": 0.1 * rnd.random()} for _ in range(5)]
back = {"w": [rnd.uniform(-.7, .7) for _ in range(5)], "t": 0.0}
PACE = 0.15

for season in range(20):
    strain = 0.0
    for sky, rain in days:
        acts = []
        for cell in front:
            acts.append(math.tanh(sum(k * v for k, v in zip(cell["w"], sky)) + cell["t"]))
        raw = sum(k * v for k, v in zip(back["w"], acts)) + back["t"]
        guess = 1 / (1 + math.exp(-raw))
        strain -= rain * math.log(guess) + (1 - rain) * math.log(1 - guess)
        err = guess - rain
        for j, cell in enumerate(front):
            pull = err * back["w"][j] * (1 - acts[j] ** 2)
            for i, v in enumerate(sky):
                cell["w"][i] -= PACE * pull * v
            cell["t"] -= PACE * pull
        for j, a in enumerate(acts):
            back["w"][j] -= PACE * err * a
        back["t"] -= PACE * err
    print(season, strain / len(days))
