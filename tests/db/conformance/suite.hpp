// AIO_DB_CONFORMANCE(Suite, Db): registers all tests of this folder for a driver.
#pragma once

#include "db/conformance/cancellation.hpp"
#include "db/conformance/pools.hpp"
#include "db/conformance/statements.hpp"
#include "db/conformance/transactions.hpp"
#include "db/conformance/values.hpp"

#define AIO_DB_CONFORMS_(Suite, Db, name)              \
    ASYNC_TEST(Suite, name, kOnce) {                   \
        if (!Db::is_there()) CO_SKIP();                \
        co_await ::aio::test::conformance::name<Db>(); \
    }

#define AIO_DB_CONFORMANCE(Suite, Db)                                           \
    AIO_DB_CONFORMS_(Suite, Db, values_come_back)                               \
    AIO_DB_CONFORMS_(Suite, Db, rows_by_name_position_and_type)                 \
    AIO_DB_CONFORMS_(Suite, Db, columns_are_found_by_name_in_wide_rows)         \
    AIO_DB_CONFORMS_(Suite, Db, wrong_reads_have_typed_errors)                  \
    AIO_DB_CONFORMS_(Suite, Db, structs_by_position_and_by_name)                \
    AIO_DB_CONFORMS_(Suite, Db, first_rows_and_values)                          \
    AIO_DB_CONFORMS_(Suite, Db, errors_have_their_class_and_harm_nothing)       \
    AIO_DB_CONFORMS_(Suite, Db, the_number_of_arguments_is_checked)             \
    AIO_DB_CONFORMS_(Suite, Db, each_of_many_tasks_gets_its_own_answer)         \
    AIO_DB_CONFORMS_(Suite, Db, executemany_stores_all_or_none)                 \
    AIO_DB_CONFORMS_(Suite, Db, prepared_statements_run_many_times)             \
    AIO_DB_CONFORMS_(Suite, Db, cursors_yield_rows_as_they_come)                \
    AIO_DB_CONFORMS_(Suite, Db, a_closed_connection_says_so)                    \
    AIO_DB_CONFORMS_(Suite, Db, transactions_commit_and_roll_back)              \
    AIO_DB_CONFORMS_(Suite, Db, transactions_inside_are_savepoints)             \
    AIO_DB_CONFORMS_(Suite, Db, others_see_a_transaction_once_it_is_committed)  \
    AIO_DB_CONFORMS_(Suite, Db, a_cancelled_transaction_is_rolled_back)         \
    AIO_DB_CONFORMS_(Suite, Db, read_only_transactions_write_nothing)           \
    AIO_DB_CONFORMS_(Suite, Db, a_timeout_stops_the_statement)                  \
    AIO_DB_CONFORMS_(Suite, Db, a_statement_that_waits_its_turn_is_never_run)   \
    AIO_DB_CONFORMS_(Suite, Db, neighbours_of_cancelled_ones_get_their_answers) \
    AIO_DB_CONFORMS_(Suite, Db, pools_run_single_statements)                    \
    AIO_DB_CONFORMS_(Suite, Db, pools_serve_in_order_and_lose_no_place)         \
    AIO_DB_CONFORMS_(Suite, Db, what_a_borrower_left_open_is_rolled_back)       \
    AIO_DB_CONFORMS_(Suite, Db, statements_and_cursors_end_with_their_loan)     \
    AIO_DB_CONFORMS_(Suite, Db, a_connection_lost_in_a_pool_is_replaced)
