# Bradley-Terry strengths of football clubs from a season of results, one rating per club plus a home advantage
import math
import random

clubs = ["Ajax", "Brugge", "Celtic", "Dynamo", "Everton"]
hidden = dict(zip(clubs, (0.9, 0.2, 0.0, -0.4, -0.7)))

season = []
for home in clubs:
    for away in clubs:
        if home != away:
            p = 1 / (1 + math.exp(-(hidden[home] - hidden[away] + 0.4)))
            season.append((home, away, random.random() < p))

strength = {club: 0.0 for club in clubs}
home_edge = 0.0
k_factor = 0.05

for year in range(40):
    surprise = 0.0
    for home, away, home_won in season:
        expected = 1 / (1 + math.exp(-(strength[home] + home_edge - strength[away])))
        surprise -= math.log(expected if home_won else 1 - expected)
        gap = home_won - expected
        strength[home] += k_factor * gap
        strength[away] -= k_factor * gap
        home_edge += k_factor * gap
    if year % 10 == 0:
        print(year, "mean surprise %.4f" % (surprise / len(season)))

for club in sorted(clubs, key=strength.get, reverse=True):
    print(f"{club:10s} {strength[club]:+.2f}")
print("home edge", round(home_edge, 2))
