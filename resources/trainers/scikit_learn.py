"""A trainer for Gatehouse in scikit-learn: gradient boosting, written as a model that Gatehouse can serve.

Contract: docs/trainers.md. Needs Python 3.10, numpy and scikit-learn. As a pipeline's trainer:

    {"kind": "command", "command": ["python3", "<here>/scikit_learn.py"], "timeLimitMinutes": 30,
     "settings": {"n_estimators": 150, "learning_rate": 0.05, "max_depth": 4, "subsample": 0.7}}

The settings are those of GradientBoostingRegressor and GradientBoostingClassifier.
"""

import csv
import json
import sys

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

DEFAULTS = {"n_estimators": 150, "learning_rate": 0.05, "max_depth": 4, "subsample": 0.7, "min_samples_leaf": 5, "random_state": 1}
# XGBoost's mark of a node without a parent.
NO_PARENT = 2147483647


def tell(**line):
    """One line of JSON on standard output, where nothing else may be written."""
    print(json.dumps(line), flush=True)


def read_table(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        values = [[float(cell) if cell else np.nan for cell in row] for row in rows]
    return np.array(values, dtype=np.float32)


def loss_of(job, label, predicted):
    if job["task"] == "regression":
        return float(np.sqrt(np.mean((predicted - label) ** 2)))
    return float(-np.mean(np.log(np.clip(predicted[np.arange(len(label)), label.astype(int)], 1e-15, 1))))


def staged(model, job, features):
    return model.staged_predict(features) if job["task"] == "regression" else model.staged_predict_proba(features)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    training = read_table(job["tables"]["training"])
    validation = read_table(job["tables"]["validation"])
    width = len(job["features"])
    test = read_table(job["tables"]["test"]).reshape(-1, width)

    # Gradient boosting in scikit-learn takes no missing values: they become the median of the training rows.
    with np.errstate(all="ignore"):
        median = np.nan_to_num(np.nanmedian(training[:, :width], axis=0)).astype(np.float32)
    fill = lambda rows: np.where(np.isnan(rows), median, rows)
    features, label = fill(training[:, :width]), training[:, width]

    regression = job["task"] == "regression"
    if not regression and len(np.unique(label)) != len(job["classes"]):
        sys.exit("Not every class has training rows.")
    settings = {**DEFAULTS, **job["settings"]}
    rounds = settings.pop("n_estimators")
    kind = GradientBoostingRegressor if regression else GradientBoostingClassifier
    model = kind(n_estimators=rounds, **settings)
    tell(type="log", message=f"{kind.__name__} on {len(features)} rows and {width} features")
    model.fit(features, label, monitor=lambda i, *_: tell(type="progress", fraction=0.9 * (i + 1) / rounds, message=f"Tree {i + 1} of {rounds}"))

    # The curve, once the trees are there; the best number of trees by the validation rows.
    curve = [loss_of(job, label, predicted) for predicted in staged(model, job, features)]
    kept = len(curve)
    validation_curve = [None] * kept
    if len(validation):
        rows = fill(validation[:, :width])
        validation_curve = [loss_of(job, validation[:, width], predicted) for predicted in staged(model, job, rows)]
        kept = int(np.argmin(validation_curve)) + 1
    for i, loss in enumerate(curve):
        tell(type="progress", fraction=0.9 + 0.1 * (i + 1) / len(curve), message="Judging", round=i + 1, training=loss, validation=validation_curve[i])

    predicted = None
    if len(test):
        for predicted in list(staged(model, job, fill(test)))[kept - 1 : kept]:
            pass
    with open(job["testPredictions"], "w", encoding="utf-8") as file:
        file.write("prediction\n" if regression else ",".join(f"class {i}" for i in range(len(job["classes"]))) + "\n")
        for row in [] if predicted is None else predicted.reshape(len(test), -1):
            file.write(",".join(repr(float(value)) for value in row) + "\n")
    with open(job["artifact"], "w", encoding="utf-8") as file:
        json.dump(as_xgboost(model, kept, job, median), file)
    gains = model.feature_importances_
    tell(
        type="artifact",
        format="xgboost-json",
        loss="RMSE" if regression else "log loss",
        bestRound=kept,
        importance=[{"feature": name, "gain": float(gain)} for name, gain in zip(job["features"], gains)],
    )


def as_xgboost(model, rounds, job, median):
    """The same forest in XGBoost's JSON format.

    Sound because both add up trees: what scikit-learn starts from is the base score (for several classes it is added to the
    leaves of the first trees, for there is one base score only), the learning rate goes into the leaves, "at most" becomes
    "below the next number of 32 bits", and a missing value goes where the median would go.
    """
    several = job["task"] == "multiclass"
    if job["task"] == "regression":
        base, offsets, objective = float(np.ravel(model.init_.constant_)[0]), [0.0], "reg:squarederror"
    elif several:
        base, offsets, objective = 0.0, [float(np.log(p)) for p in model.init_.class_prior_], "multi:softprob"
    else:
        base, offsets, objective = float(model.init_.class_prior_[1]), [0.0], "binary:logistic"
    trees, info = [], []
    for i, row in enumerate(model.estimators_[:rounds]):
        for output, estimator in enumerate(row):
            offset = offsets[output] if i == 0 else 0.0
            trees.append(as_tree(estimator.tree_, len(trees), model.learning_rate, offset, len(job["features"]), median))
            info.append(output)
    outputs = len(offsets)
    parameters = {"num_parallel_tree": "1", "num_trees": str(len(trees))}
    names = [name.translate(str.maketrans("[]<", "___")) for name in job["features"]]
    name, value = job["attribute"]["name"], job["attribute"]["value"]
    return {
        "version": [2, 1, 4],
        "learner": {
            "attributes": {name: value},
            "feature_names": names if len(set(names)) == len(names) else [],
            "feature_types": ["float"] * len(names) if len(set(names)) == len(names) else [],
            "gradient_booster": {
                "name": "gbtree",
                "model": {
                    "gbtree_model_param": parameters,
                    "iteration_indptr": list(range(0, len(trees) + 1, outputs)),
                    "tree_info": info,
                    "trees": trees,
                },
            },
            "learner_model_param": {
                "base_score": repr(base),
                "boost_from_average": "1",
                "num_class": str(outputs) if several else "0",
                "num_feature": str(len(job["features"])),
                "num_target": "1",
            },
            "objective": {"name": objective, "softmax_multiclass_param": {"num_class": str(outputs)}}
            if several
            else {"name": objective, "reg_loss_param": {"scale_pos_weight": "1"}},
        },
    }


def as_tree(tree, id, learning_rate, offset, features, median):
    nodes = tree.node_count
    leaf = tree.children_left == -1
    feature = np.where(leaf, 0, tree.feature)
    # The greatest number of 32 bits that still goes to the left, and then the next one.
    low = tree.threshold.astype(np.float32)
    low = np.where(low.astype(np.float64) > tree.threshold, np.nextafter(low, np.float32(-np.inf)), low)
    below = np.nextafter(low.astype(np.float32), np.float32(np.inf))
    value = np.where(leaf, tree.value[:, 0, 0] * learning_rate + offset, below)
    parents = [NO_PARENT] * nodes
    for node in range(nodes):
        if not leaf[node]:
            parents[tree.children_left[node]] = parents[tree.children_right[node]] = node
    weights = tree.weighted_n_node_samples
    gain = np.zeros(nodes)
    inner = np.flatnonzero(~leaf)
    left, right = tree.children_left[inner], tree.children_right[inner]
    gain[inner] = weights[inner] * tree.impurity[inner] - weights[left] * tree.impurity[left] - weights[right] * tree.impurity[right]
    floats = lambda values: [float(v) for v in values]
    whole = lambda values: [int(v) for v in values]
    return {
        "base_weights": floats(tree.value[:, 0, 0]),
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": whole(np.where(leaf, 0, median[feature] < below)),
        "id": id,
        "left_children": whole(tree.children_left),
        "loss_changes": floats(gain),
        "parents": parents,
        "right_children": whole(tree.children_right),
        "split_conditions": floats(value),
        "split_indices": whole(feature),
        "split_type": [0] * nodes,
        "sum_hessian": floats(weights),
        "tree_param": {"num_deleted": "0", "num_feature": str(features), "num_nodes": str(nodes), "size_leaf_vector": "1"},
    }


if __name__ == "__main__":
    main()
