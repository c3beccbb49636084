# Modèle CBOW : prédire un mot d'après ses voisins
import numpy as np

texte = """le chat dort sur le tapis et le chien dort sur le lit
le chat mange la souris et le chien mange la viande""".split()
mots = sorted(set(texte))
indice = {m: k for k, m in enumerate(mots)}
suite = [indice[m] for m in texte]

taille, fenetre, pas = 7, 2, 0.1
entree = np.random.uniform(-0.5, 0.5, (len(mots), taille))
sortie = np.random.uniform(-0.5, 0.5, (taille, len(mots)))

for tour in range(25):
    cout = 0
    for centre in range(len(suite)):
        voisins = [suite[k] for k in range(max(0, centre - fenetre), min(len(suite), centre + fenetre + 1)) if k != centre]
        cible = suite[centre]

        h = np.zeros(taille)
        for v in voisins:
            h += entree[v]
        h /= len(voisins)

        u = h @ sortie
        p = np.exp(u - u.max())
        p /= p.sum()
        cout -= np.log(p[cible])

        ecart = p.copy()
        ecart[cible] -= 1
        dh = sortie @ ecart
        sortie -= pas * np.outer(h, ecart)
        for v in voisins:
            entree[v] -= pas * dh / len(voisins)
    if tour % 5 == 0:
        print("tour", tour, "coût moyen", cout / len(suite))
