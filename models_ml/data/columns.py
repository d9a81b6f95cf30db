"""Names that every frame of interactions uses, one row per event that concerns one item."""

CUSTOMER = "customer"
ITEM = "item"
TIME = "time"
KIND = "kind"
BASKET = "basket"
QUANTITY = "quantity"

REQUIRED = (CUSTOMER, ITEM, TIME, KIND, BASKET, QUANTITY)

VIEW = "view"
SEARCH = "search"
CLICK = "click"
CART = "cart"
PURCHASE = "purchase"
RETURN = "return"
REVIEW = "review"
RATING = "rating"

# The position of a kind is its number in arrays and in trained weights: append, never reorder.
KINDS = (VIEW, SEARCH, CLICK, CART, PURCHASE, RETURN, REVIEW, RATING)
KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
PURCHASE_NUMBER = KIND_NUMBERS[PURCHASE]
