using Orleans.Raft.Cluster.Tests.FirstLight;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Page;

public sealed class PageTests : IDisposable
{
    private const string Enter = "\uE007";
    private const int PhoneWidth = 390;

    private static readonly string Artifacts = Path.Combine(Path.GetDirectoryName(SampleProcess.DataFile)!, "..", "..", "artifacts");

    private readonly string _data = Directory.CreateTempSubdirectory("key-value-page-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [SkippableFact]
    public async Task A_value_put_through_the_page_is_read_back_and_a_stopped_silo_shows_while_writes_go_on()
    {
        await using var browser = await Browser.StartAsync();
        await using var sample = await SampleProcess.StartAsync(_data);
        await browser.OpenAsync(sample.Client.BaseAddress!);
        await WaitForTextAsync(browser, "#status", "each has a leader");

        await browser.TypeAsync("#key", "from/a browser");
        await browser.TypeAsync("#value", "typed, then Enter" + Enter);
        await WaitForTextAsync(browser, "#answer", "stored on a majority");
        await browser.ClickAsync("#get");
        await WaitForTextAsync(browser, "#answer", "typed, then Enter");
        Assert.Equal("typed, then Enter", await sample.Client.GetStringAsync("/kv/from%2Fa%20browser"));

        await browser.PressAsync("#silo-n2 button", Enter);
        await WaitForTextAsync(browser, "#silo-n2 .state", "stopped");
        await WaitForTextAsync(browser, "#status", "each has a leader");
        await browser.TypeAsync("#value", "without n2" + Enter);
        await WaitForTextAsync(browser, "#answer", "stored on a majority");
        await browser.ClickAsync("#get");
        await WaitForTextAsync(browser, "#answer", "without n2");
        await KeepAsync(browser, "page-n2-stopped.png");

        await browser.PressAsync("#silo-n2 button", Enter);
        await WaitForTextAsync(browser, "#silo-n2 .state", "active");
        Assert.Empty(await browser.ConsoleErrorsAsync());
        await Until.AsyncTrue(async () =>
        {
            // A replica that has just come back may refuse to lead once or twice.
            await browser.EvaluateAsync("document.querySelector('button[aria-label^=\"raft/1 on n2\"]').click()");
            return await browser.TextAsync("#groups tr:nth-child(3) td");
        }, leader => leader == "n2");
        Assert.Equal("raft/1", await browser.TextAsync("#groups tr:nth-child(3) th"));
        await KeepAsync(browser, "page.png");

        await browser.ResizeAsync(PhoneWidth, 844);
        var overflow = await browser.EvaluateAsync("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.Equal(0, overflow!.GetValue<int>());
        await KeepAsync(browser, "page-phone.png");
    }

    private static Task WaitForTextAsync(Browser browser, string selector, string text) =>
        Until.AsyncTrue(() => browser.TextAsync(selector), found => found.Contains(text, StringComparison.Ordinal));

    private static async Task KeepAsync(Browser browser, string name)
    {
        Directory.CreateDirectory(Artifacts);
        await File.WriteAllBytesAsync(Path.Combine(Artifacts, name), await browser.ScreenshotAsync());
    }
}
