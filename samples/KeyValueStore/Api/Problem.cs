using Microsoft.AspNetCore.WebUtilities;

namespace KeyValueStore;

/// <summary>Errors as problem details (RFC 9457).</summary>
internal static class Problem
{
    /// <summary>Writes a problem.</summary>
    public static Task WriteAsync(HttpContext context, int status, string detail, string? outcome = null)
    {
        if (context.Response.HasStarted)
        {
            // The status is gone already; a cut connection is the only way left to say that the rest is missing.
            context.Abort();
            return Task.CompletedTask;
        }

        var problem = new Dictionary<string, object>
        {
            ["type"] = "about:blank",
            ["title"] = ReasonPhrases.GetReasonPhrase(status),
            ["status"] = status,
            ["detail"] = detail,
        };
        if (outcome is not null)
        {
            problem["outcome"] = outcome;
        }

        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(problem, options: null, contentType: "application/problem+json", context.RequestAborted);
    }

    /// <summary>No majority answered, or this process cannot: try again.</summary>
    public static Task UnavailableAsync(HttpContext context, string detail, string outcome)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        return WriteAsync(context, 503, detail, outcome);
    }
}
