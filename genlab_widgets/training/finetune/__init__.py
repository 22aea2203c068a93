"""Fine-tuned models: a small BERT trained whole on a project's rows, written as ONNX for Spark NLP."""
