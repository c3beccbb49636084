import numpy as np
from numpy import exp, log, zeros
from numpy.random import randn, shuffle

# shared trunk, one head tells the kind of house, the other its price
houses = 88
size, age, rooms = np.random.rand(3, houses)
kind = ((size > .5).astype(int) + (age > .7).astype(int))
price = (2 * size - age + .3 * rooms)[:, None]
data = np.column_stack((size, age, rooms))

trunk_w, trunk_b = randn(3, 10) * .6, zeros(10)
kind_w, kind_b = randn(10, 3) * .3, zeros(3)
price_w, price_b = randn(10, 1) * .3, zeros(1)
balance = 0.25
rows = np.arange(houses)

epoch = 0
while epoch < 60:
    shuffle(rows)
    ce = se = 0
    for start in range(0, houses, 22):
        r = rows[start:start + 22]
        x, k, t = data[r], kind[r], price[r]
        a = x @ trunk_w + trunk_b
        h = a * (a > 0) + .01 * a * (a <= 0)
        s = h @ kind_w + kind_b
        q = exp(s - s.max(1)[:, None])
        q /= q.sum(1)[:, None]
        guess = h @ price_w + price_b
        batch_ce = -log(q[np.arange(22), k]).mean()
        batch_se = ((guess - t) ** 2).mean()
        ce += batch_ce
        se += batch_se
        J = batch_ce + balance * batch_se

        q[np.arange(22), k] -= 1
        q /= 22
        e = balance * 2 * (guess - t) / 22
        back = q @ kind_w.T + e @ price_w.T
        back *= np.where(a > 0, 1, .01)
        for p, g in ((kind_w, h.T @ q), (kind_b, q.sum(0)), (price_w, h.T @ e), (price_b, e.sum(0)),
                     (trunk_w, x.T @ back), (trunk_b, back.sum(0))):
            p -= .3 * g
    epoch += 1
    if epoch % 20 == 0:
        print(f"{epoch}: kind {ce / 4:.3f} price {se / 4:.3f} last {J:.3f}")
