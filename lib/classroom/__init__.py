"""A class that guesses together: rooms with a code, students with a nickname, questions, answers and their scores.

Pure Python: what a model says comes in as numbers, and who looks at a room is the page's affair.
"""
