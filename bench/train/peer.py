"""The same trainings with XGBoost for Python: `python peer.py job.json`, answers in JSON."""

import json
import resource
import sys
import time

import numpy as np
import xgboost as xgb

job = json.load(open(sys.argv[1]))
settings = job["settings"]
parameters = {
    "objective": "reg:squarederror",
    "tree_method": "hist",
    "max_depth": settings["depth"],
    "eta": settings["learningRate"],
    "subsample": settings["rowSample"],
    "colsample_bytree": settings["columnSample"],
    "lambda": settings["l2"],
    "min_child_weight": settings["minLeafWeight"],
    "gamma": settings["minSplitGain"],
    "max_bin": settings["maxBins"],
    "seed": settings["seed"],
    "nthread": job["threads"],
}
trainings = []
for table in job["tables"]:
    raw = np.fromfile(table["raw"], dtype=np.float32)
    rows, features = table["rows"], table["features"]
    x = raw[: rows * features].reshape(rows, features)
    y, part = raw[rows * features : rows * (features + 1)], raw[rows * (features + 1) :]
    train_x, train_y = x[part == 0], y[part == 0]
    valid_x, valid_y = x[part == 1], y[part == 1]
    begun = time.perf_counter()
    data = xgb.QuantileDMatrix(train_x, train_y, max_bin=settings["maxBins"], nthread=job["threads"])
    stopping = {}
    if len(valid_y) and settings["earlyStoppingRounds"]:
        valid = xgb.QuantileDMatrix(valid_x, valid_y, ref=data, nthread=job["threads"])
        # The training loss too: ours is computed for the learning curve as well.
        stopping = {"evals": [(data, "training"), (valid, "validation")], "early_stopping_rounds": settings["earlyStoppingRounds"]}
    booster = xgb.train(parameters, data, settings["rounds"], verbose_eval=False, **stopping)
    seconds = time.perf_counter() - begun
    rounds = booster.best_iteration + 1 if stopping else settings["rounds"]
    test = x[part == 2]
    predictions = booster.predict(xgb.DMatrix(test), iteration_range=(0, rounds)).astype(float).tolist() if len(test) else []
    trainings.append({"seconds": seconds, "rounds": rounds, "predictions": predictions})
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"trainings": trainings, "maxRssBytes": peak, "version": xgb.__version__}))
