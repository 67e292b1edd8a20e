using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace KeyValueStore;

/// <summary>
/// The HTTP surface. Requests are told apart by their raw target, since the decoded path no longer tells <c>a%2Fb</c> from <c>a/b</c>.
/// </summary>
internal sealed partial class HttpApi(SiloCluster cluster, KeyValueClient client, Metrics metrics, ILogger<HttpApi> logger)
{
    public const int MaxValueBytes = 1024 * 1024;

    private const string KeyPrefix = "/kv/";

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context);
        }
        catch (BadHttpRequestException exception)
        {
            await Problem.WriteAsync(context, exception.StatusCode, exception.Message);
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested || exception is ConnectionResetException or ConnectionAbortedException)
        {
            // Nobody waits for the answer any more.
            LogAbandoned(logger, context.Request.Method, exception.Message);
        }
        catch (Exception exception)
        {
            if (!Failure.IsExpected(exception))
            {
                LogUnexpected(logger, exception, context.Request.Method);
            }

            var isRead = HttpMethods.IsGet(context.Request.Method);
            await Problem.UnavailableAsync(context, Failure.Explain(exception), isRead ? Failure.Failed : Failure.OutcomeOf(exception));
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Method} ended in an error that nobody foresaw; whether it was done is told as unknown")]
    private static partial void LogUnexpected(ILogger logger, Exception exception, string method);

    [LoggerMessage(EventId = 2, Level = LogLevel.Debug, Message = "{Method} was given up by its caller: {Reason}")]
    private static partial void LogAbandoned(ILogger logger, string method, string reason);

    private Task RouteAsync(HttpContext context)
    {
        var (path, query) = Target(context);
        switch (path)
        {
            case "/health/live":
                return Only(context, HttpMethods.Get, () => HealthAsync(context, "live"));
            case "/health/ready":
                return Only(context, HttpMethods.Get, () => HealthAsync(context, "ready"));
            case "/metrics":
                return Only(context, HttpMethods.Get, () => TextAsync(context, 200, metrics.Write(), "text/plain; version=0.0.4; charset=utf-8"));
        }

        if (PageFiles.Find(path) is { } file)
        {
            return Only(context, HttpMethods.Get, () => FileAsync(context, file));
        }

        if (cluster.IsStopping || !cluster.HasStarted)
        {
            return Problem.UnavailableAsync(context, cluster.IsStopping ? "This process is stopping." : "The silos are starting.", Failure.Failed);
        }

        return path switch
        {
            _ when path.StartsWith(KeyPrefix, StringComparison.Ordinal) => HandleKeyAsync(context, path[KeyPrefix.Length..], query),
            "/import" => Only(context, HttpMethods.Post, () => ImportAsync(context)),
            "/export" => Only(context, HttpMethods.Get, () => ExportAsync(context)),
            GroupsPath or SilosPath => HandleRaftAsync(context, path),
            VotersPath => Only(context, HttpMethods.Get, () => VotersAsync(context)),
            _ when path.StartsWith(VotersPath + "/", StringComparison.Ordinal) =>
                Only(context, HttpMethods.Post, () => RestoreVoteAsync(context, Uri.UnescapeDataString(path[(VotersPath.Length + 1)..]))),
            _ when path.StartsWith(GroupsPath + "/", StringComparison.Ordinal) || path.StartsWith(SilosPath + "/", StringComparison.Ordinal) =>
                HandleRaftAsync(context, path),
            _ => NothingHereAsync(context),
        };
    }

    private async Task HealthAsync(HttpContext context, string tag)
    {
        var (isWell, text) = await cluster.CheckAsync(tag, context.RequestAborted);
        await TextAsync(context, isWell ? 200 : 503, text + "\n");
    }

    private async Task HandleKeyAsync(HttpContext context, string segment, string query)
    {
        var method = context.Request.Method;
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsPut(method) && !HttpMethods.IsDelete(method))
        {
            await MethodNotAllowedAsync(context, "GET, PUT, DELETE");
        }
        else if (KeyCodec.FromTarget(segment) is not { } key)
        {
            await Problem.WriteAsync(context, 400, $"A key is 1 to {KeyCodec.MaxKeyBytes} bytes, percent-escaped in one segment of the path.");
        }
        else if (!Condition.TryParse(context.Request.Headers, out var condition))
        {
            await Problem.WriteAsync(context, 400, "If-Match and If-None-Match take * or quoted ETags.");
        }
        else if (!RequestName.TryParse(context.Request.Headers, out var request))
        {
            await Problem.WriteAsync(context, 400, $"{RequestName.Header} takes 1 to {RequestName.MaxLength} visible ASCII characters.");
        }
        else if (HttpMethods.IsGet(method))
        {
            var isLocal = query is "?consistency=local";
            var reading = isLocal ? await client.GetLocalAsync(key, context.RequestAborted) : await client.GetAsync(key, context.RequestAborted);
            var outcome = !condition.IsMatched(reading.ETag) ? Outcome.PreconditionFailed : condition.IsNoneMatched(reading.ETag) ? Outcome.NotModified : reading.Outcome;
            await AnswerAsync(context, reading with { Outcome = outcome });
        }
        else if (HttpMethods.IsDelete(method))
        {
            await AnswerAsync(context, await client.Grain(key).Delete(condition, request));
        }
        else if (await ReadValueAsync(context) is { } value)
        {
            await AnswerAsync(context, await client.Grain(key).Put(value, condition, request));
        }
        else
        {
            await Problem.WriteAsync(context, 413, $"A value may have {MaxValueBytes} bytes.");
        }
    }

    private static async Task AnswerAsync(HttpContext context, Reading reading)
    {
        var response = context.Response;
        if (reading.ETag is { } etag)
        {
            response.Headers.ETag = $"\"{etag}\"";
        }

        switch (reading.Outcome)
        {
            case Outcome.Found:
                response.ContentType = "application/octet-stream";
                response.ContentLength = reading.Value.Length;
                await response.Body.WriteAsync(reading.Value, context.RequestAborted);
                break;
            case Outcome.Done:
                response.StatusCode = 204;
                break;
            case Outcome.NotModified:
                response.StatusCode = 304;
                break;
            case Outcome.Missing:
                await Problem.WriteAsync(context, 404, "There is no such key.");
                break;
            case Outcome.PreconditionFailed:
                await Problem.WriteAsync(context, 412, reading.ETag is null ? "There is no such key." : $"The key's ETag is \"{reading.ETag}\".");
                break;
        }
    }

    /// <summary>The body, or null if it is too large.</summary>
    private static async Task<byte[]?> ReadValueAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxValueBytes)
        {
            return null;
        }

        using var value = new MemoryStream((int)(context.Request.ContentLength ?? 0));
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            if (value.Length + read > MaxValueBytes)
            {
                return null;
            }

            value.Write(buffer, 0, read);
        }

        return value.ToArray();
    }

    private async Task ImportAsync(HttpContext context)
    {
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        context.Response.ContentType = "text/plain";
        var output = context.Response.BodyWriter;
        var summary = await new Importer(client).RunAsync(
            context.Request.BodyReader,
            async line =>
            {
                // A line that begins with a tab is no key: keys have theirs escaped.
                if (line.Error is not null)
                {
                    Encoding.UTF8.GetBytes($"\tline {line.Number} {line.Error}", output);
                }
                else
                {
                    LineFormat.Escape(line.Key, output);
                }

                Encoding.UTF8.GetBytes("\n", output);
                await output.FlushAsync(context.RequestAborted);
            },
            context.RequestAborted);
        Encoding.UTF8.GetBytes($"\t{summary}\n", output);
        await output.FlushAsync(context.RequestAborted);
    }

    private async Task ExportAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain";
        var output = context.Response.BodyWriter;
        await foreach (var (key, value) in client.ReadAllAsync(context.RequestAborted))
        {
            LineFormat.Escape(key, output);
            Encoding.UTF8.GetBytes("\t", output);
            LineFormat.Escape(value, output);
            Encoding.UTF8.GetBytes("\n", output);
            if (output.UnflushedBytes > 64 * 1024)
            {
                await output.FlushAsync(context.RequestAborted);
            }
        }

        await output.FlushAsync(context.RequestAborted);
    }

    private static (string Path, string Query) Target(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (!target.StartsWith('/') && target.IndexOf("://", StringComparison.Ordinal) is var scheme and > 0)
        {
            var path = target.IndexOf('/', scheme + 3);
            target = path < 0 ? "/" : target[path..];
        }

        var query = target.IndexOf('?');
        return query < 0 ? (target, string.Empty) : (target[..query], target[query..]);
    }

    private static Task Only(HttpContext context, string method, Func<Task> handle) =>
        HttpMethods.Equals(context.Request.Method, method) ? handle() : MethodNotAllowedAsync(context, method);

    private static Task MethodNotAllowedAsync(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return Problem.WriteAsync(context, 405, $"Allowed here: {allowed}.");
    }

    private static async Task FileAsync(HttpContext context, (byte[] Bytes, string Type) file)
    {
        context.Response.Headers.ContentSecurityPolicy = "default-src 'self'; img-src data:";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.ContentType = file.Type;
        context.Response.ContentLength = file.Bytes.Length;
        await context.Response.Body.WriteAsync(file.Bytes, context.RequestAborted);
    }

    private static Task NothingHereAsync(HttpContext context) =>
        Problem.WriteAsync(context, 404, "There is nothing at this address. See samples/KeyValueStore/README.md.");

    private static Task TextAsync(HttpContext context, int status, string text, string contentType = "text/plain; charset=utf-8")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(text);
    }
}
