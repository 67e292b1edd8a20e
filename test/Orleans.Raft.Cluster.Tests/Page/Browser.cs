using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Orleans.Raft.Testing;

namespace Orleans.Raft.Cluster.Tests.Page;

/// <summary>A headless Chromium, driven by its own driver over HTTP (the W3C WebDriver protocol).</summary>
internal sealed class Browser : IAsyncDisposable
{
    private const string ElementKey = "element-6066-11e4-a52e-4f735466cecf";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _driver;
    private readonly HttpClient _http;
    private string _session = "";

    private Browser(Process driver, int port)
    {
        _driver = driver;
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = StartLimit };
    }

    /// <summary>Starts driver and browser, or skips the test where there are none.</summary>
    public static async Task<Browser> StartAsync()
    {
        var chromium = Requires.Command("chromium", "chromium");
        var path = Requires.Command("chromedriver", "chromium-driver");
        var driver = Process.Start(new ProcessStartInfo(path, "--port=0") { RedirectStandardOutput = true, RedirectStandardError = true })!;
        driver.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(StartLimit);
        while (await driver.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Contains("successfully on port", StringComparison.Ordinal))
            {
                var browser = new Browser(driver, int.Parse(line.Split(' ')[^1].TrimEnd('.'), System.Globalization.CultureInfo.InvariantCulture));
                await browser.OpenSessionAsync(chromium);
                return browser;
            }
        }

        throw new InvalidOperationException("chromedriver ended before it said on which port it is.");
    }

    /// <summary>Opens a page.</summary>
    public Task OpenAsync(Uri address) => PostAsync("url", new JsonObject { ["url"] = address.ToString() });

    /// <summary>Size of the window.</summary>
    public Task ResizeAsync(int width, int height) => PostAsync("window/rect", new JsonObject { ["width"] = width, ["height"] = height });

    /// <summary>Text of the first element that a selector finds.</summary>
    public async Task<string> TextAsync(string selector) =>
        (await EvaluateAsync($"return document.querySelector({JsonValue.Create(selector).ToJsonString()})?.textContent ?? ''"))!.GetValue<string>();

    /// <summary>Runs a function's body in the page.</summary>
    public Task<JsonNode?> EvaluateAsync(string script) => PostAsync("execute/sync", new JsonObject { ["script"] = script, ["args"] = new JsonArray() });

    /// <summary>Clicks as a mouse does.</summary>
    public async Task ClickAsync(string selector) => await PostAsync($"element/{await FindAsync(selector)}/click", []);

    /// <summary>Types as a keyboard does, after what was there is gone.</summary>
    public async Task TypeAsync(string selector, string text)
    {
        var element = await FindAsync(selector);
        await PostAsync($"element/{element}/clear", []);
        await PressAsync(selector, text);
    }

    /// <summary>Presses keys on an element.</summary>
    public async Task PressAsync(string selector, string keys) =>
        await PostAsync($"element/{await FindAsync(selector)}/value", new JsonObject { ["text"] = keys });

    /// <summary>The page as a PNG.</summary>
    public async Task<byte[]> ScreenshotAsync() => Convert.FromBase64String((await SendAsync(HttpMethod.Get, "screenshot", null))!.GetValue<string>());

    /// <summary>Errors on the console since the last call.</summary>
    public async Task<IReadOnlyList<string>> ConsoleErrorsAsync() => [.. (await PostAsync("se/log", new JsonObject { ["type"] = "browser" }))!.AsArray()
        .Where(entry => entry!["level"]!.GetValue<string>() is "SEVERE")
        .Select(entry => entry!["message"]!.GetValue<string>())];

    public async ValueTask DisposeAsync()
    {
        if (_session.Length > 0)
        {
            await SendAsync(HttpMethod.Delete, "", null);
        }

        _driver.Kill(entireProcessTree: true);
        await _driver.WaitForExitAsync();
        _driver.Dispose();
        _http.Dispose();
    }

    private async Task OpenSessionAsync(string chromium)
    {
        var options = new JsonObject
        {
            ["binary"] = chromium,
            ["args"] = new JsonArray("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,1500"),
        };
        var wanted = new JsonObject
        {
            ["browserName"] = "chrome",
            ["goog:chromeOptions"] = options,
            ["goog:loggingPrefs"] = new JsonObject { ["browser"] = "ALL" },
        };
        var made = await PostAsync("", new JsonObject { ["capabilities"] = new JsonObject { ["alwaysMatch"] = wanted } });
        _session = made!["sessionId"]!.GetValue<string>();
    }

    private async Task<string> FindAsync(string selector) =>
        (await PostAsync("element", new JsonObject { ["using"] = "css selector", ["value"] = selector }))![ElementKey]!.GetValue<string>();

    private Task<JsonNode?> PostAsync(string command, JsonObject body) => SendAsync(HttpMethod.Post, command, body);

    private async Task<JsonNode?> SendAsync(HttpMethod method, string command, JsonObject? body)
    {
        using var request = new HttpRequestMessage(method, $"/session/{_session}/{command}".Replace("//", "/", StringComparison.Ordinal).TrimEnd('/'))
        {
            // The driver wants to know the length in advance.
            Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        using var response = await _http.SendAsync(request);
        var answer = await response.Content.ReadFromJsonAsync<JsonObject>();
        return response.IsSuccessStatusCode ? answer!["value"] : throw new InvalidOperationException($"{method} {command}: {answer}");
    }
}
