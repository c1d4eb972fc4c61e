def markup(place):
    """Text that, taken as HTML anywhere, calls `ran(place)`."""
    return f"<img src=x onerror=ran('{place}')><script>ran('{place}')</script><b>{place}</b>"
