package receiver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.standardwebhooks.Webhook;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.context.ServletWebServerInitializedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/** Receives Postrider's webhooks with Spring Boot: verifies, drops duplicates, answers, then works. */
@SpringBootApplication
@RestController
public class Receiver {
    private static final int REMEMBERED_IDS = 10_000;

    private final Webhook webhook = new Webhook(System.getenv("WEBHOOK_SECRET"));
    private final ExecutorService worker = Executors.newSingleThreadExecutor();
    private final ObjectMapper json = new ObjectMapper();
    /** A real receiver keeps the ids in its database, beside its work. */
    private final Set<String> seen = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> oldest) {
            return size() > REMEMBERED_IDS;
        }
    }));

    /** The body is bytes: as a class of its own it would be parsed before it is verified. */
    @PostMapping("/webhook")
    ResponseEntity<Void> receive(@RequestBody byte[] body, @RequestHeader Map<String, String> headers) throws Exception {
        String text = new String(body, StandardCharsets.UTF_8);
        Map<String, List<String>> lists = new LinkedHashMap<>();
        headers.forEach((name, value) -> lists.put(name.toLowerCase(), List.of(value)));
        try {
            webhook.verify(text, HttpHeaders.of(lists, (name, value) -> true));
        } catch (Exception refused) {
            System.err.println("refused: " + refused.getMessage());
            return ResponseEntity.status(401).build();
        }
        String id = headers.get("webhook-id");
        if (seen.add(id)) {
            JsonNode event = json.readTree(text);
            worker.submit(() -> work(id, event));
        }
        return ResponseEntity.noContent().build();
    }

    private void work(String id, JsonNode event) {
        System.out.println(String.join(" ", event.get("event").asText(), id, event.get("resource_id").asText(),
            event.get("timestamp").asText(), event.get("data").toString()));
    }

    @EventListener
    void started(ServletWebServerInitializedEvent event) {
        System.out.println("listening on http://127.0.0.1:" + event.getWebServer().getPort() + "/webhook");
    }

    public static void main(String[] arguments) {
        String port = System.getenv().getOrDefault("PORT", "3000");
        SpringApplication.run(Receiver.class, "--server.address=127.0.0.1", "--server.port=" + port,
            "--spring.main.banner-mode=off", "--logging.level.root=warn");
    }
}
