//! Receives Postrider's webhooks with Axum 0.8: verifies, drops duplicates, answers, then works.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{mpsc, Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::Router;
use serde::Deserialize;
use standardwebhooks::Webhook;
use uuid::Uuid;

const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
const REMEMBERED_IDS: usize = 10_000;

#[derive(Deserialize)]
struct Event {
    event: String,
    timestamp: String,
    resource_id: Uuid,
    data: serde_json::Value,
}

/// The ids that were received; a real receiver keeps them in its database, beside its work.
#[derive(Default)]
struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    fn insert(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > REMEMBERED_IDS {
            let oldest = self.order.pop_front().expect("not empty");
            self.ids.remove(&oldest);
        }
        true
    }
}

struct Receiver {
    webhook: Webhook,
    seen: Mutex<Seen>,
    work: Mutex<mpsc::Sender<(String, Event)>>,
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    // Over the bytes as they came: `Json` as an extractor would parse them first.
    if let Err(error) = receiver.webhook.verify(&body, &headers) {
        eprintln!("refused: {error}");
        return StatusCode::UNAUTHORIZED;
    }
    let event: Event = match serde_json::from_slice(&body) {
        Ok(event) => event,
        Err(error) => {
            eprintln!("not an event: {error}");
            return StatusCode::BAD_REQUEST;
        }
    };
    let id = headers["webhook-id"].to_str().unwrap_or_default().to_owned();
    if receiver.seen.lock().unwrap().insert(&id) {
        receiver.work.lock().unwrap().send((id, event)).expect("the worker lives as long as we do");
    }
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() {
    let secret = std::env::var("WEBHOOK_SECRET").expect("set WEBHOOK_SECRET to the webhook's secret");
    let port = std::env::var("PORT").map_or(3000, |port| port.parse().expect("PORT is a number"));
    let (work, queue) = mpsc::channel::<(String, Event)>();
    std::thread::spawn(move || {
        for (id, event) in queue {
            // The work goes here, after the answer.
            println!("{} {} {} {} {}", event.event, id, event.resource_id, event.timestamp, event.data);
        }
    });
    let receiver = Arc::new(Receiver {
        webhook: Webhook::new(&secret).expect("WEBHOOK_SECRET is whsec_ and base64"),
        seen: Mutex::default(),
        work: Mutex::new(work),
    });
    let app = Router::new()
        .route("/webhook", post(receive))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(receiver);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let listener = tokio::net::TcpListener::bind(address).await.expect("the port is free");
    println!("listening on http://{}/webhook", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}
