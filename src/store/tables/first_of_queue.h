#pragma once

/// SQL that more than one statement needs: the delivery that is the first of a queue, in a realm
/// $1 (store/order_table.h). Whoever parks and whoever lets go must mean the same one.

/// Of a webhook's and a resource's queue.
#define FIRST_IN(webhook, resource)                                                              \
    "(SELECT q.delivery_id FROM order_queue q WHERE q.realm_id = $1 AND q.webhook_id = " webhook \
    " AND q.resource_id = " resource " ORDER BY q.tx, q.delivery_id LIMIT 1)"

/// Of the queue in which a delivery is.
#define FIRST_OF(delivery, webhook)                                               \
    FIRST_IN(webhook,                                                             \
             "(SELECT me.resource_id FROM order_queue me WHERE me.realm_id = $1 " \
             "AND me.delivery_id = " delivery ")")
