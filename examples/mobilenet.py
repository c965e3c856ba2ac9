"""MobileNets: which pairs of width and resolution fit a budget (figure 4).

    python examples/mobilenet.py

prints (2026-11-23):

    alpha x pixels  parameters  multiply-adds
    0.5 x 128        1,331,592     49,160,192
    0.25 x 224         470,072     41,030,272
    0.25 x 192         470,072     30,212,608
    0.25 x 160         470,072     21,059,200
    0.25 x 128         470,072     13,570,048
"""

from keras_papers import tuner

BUDGET = tuner.Limits(multiply_adds=60e6)  # for one image

space = tuner.WidthAndResolution("MobileNet", limits=BUDGET)
print("alpha x pixels  parameters  multiply-adds")
for point in space.points:
    costs = point.costs
    print(
        f"{point.label:14}  {costs['parameters']:10,}  "
        f"{costs['multiply_adds']:13,}"
    )
