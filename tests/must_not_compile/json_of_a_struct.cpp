// expect: nlohmann::json cannot be made of this value: write a to_json\(\)
#include <nlohmann/json.hpp>

#include <aio/http/websocket.hpp>

struct Point {
    int x, y;
};

auto send(aio::http::WebSocket& ws, Point to) { return ws.send_json("type", "move", "to", to); }
