"""MobileNets: which pairs of width and resolution fit a budget (figure 4).

    python examples/mobilenet.py

prints, on 2026-11-22:

    alpha  pixels  parameters  multiply-adds
     0.50     128   1,331,592     49,160,192
     0.25     224     470,072     41,030,272
     0.25     192     470,072     30,212,608
     0.25     160     470,072     21,059,200
     0.25     128     470,072     13,570,048
"""

from keras_papers import tuner

BUDGET = 60e6  # multiply-adds for one image

print("alpha  pixels  parameters  multiply-adds")
for point in tuner.width_and_resolution("MobileNet", BUDGET):
    print(
        f" {point.alpha:.2f}  {point.size:6}  {point.parameters:10,}  "
        f"{point.multiply_adds:13,}"
    )
