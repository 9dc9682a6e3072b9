/*
 * choices.h: names for the words of choices.def, in their order, where more than one file asks for them.
 */
#ifndef DMARIG_CHOICES_H
#define DMARIG_CHOICES_H

/* choice `header` */
enum {
    HEADER_macro_size,
    HEADER_sizeof,
    HEADER_short,
    HEADER_wrong_type,
    HEADER_revision_0,
    HEADER_revision_2
};

/* choice `parameters` */
enum {
    PARAMETERS_good,
    PARAMETERS_wrong_type,
    PARAMETERS_wrong_revision,
    PARAMETERS_short,
    PARAMETERS_flags,
    PARAMETERS_queue_1,
    PARAMETERS_usage_10,
    PARAMETERS_no_handler
};

/* choice `provided` */
enum {
    PROVIDED_pages,
    PROVIDED_one_run,
    PROVIDED_revision_2,
    PROVIDED_any_node,
    PROVIDED_wrong_type,
    PROVIDED_short,
    PROVIDED_revision_0,
    PROVIDED_flags,
    PROVIDED_queue_1,
    PROVIDED_port_1,
    PROVIDED_node_1
};

#endif
