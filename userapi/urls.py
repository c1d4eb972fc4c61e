from django.urls import path

from userapi import views

urlpatterns = [
    path("register/", views.RegisterView.as_view()),
    path("login/", views.LoginView.as_view()),
    path("logout/", views.LogoutView.as_view()),
    path("logoutall/", views.LogoutAllView.as_view()),
    path("me/", views.MeView.as_view()),
    path("tokens/", views.TokensView.as_view()),
    path("tokens/<pk>/", views.TokenView.as_view()),
    path("password/", views.PasswordView.as_view()),
    path("webhook-secret/", views.WebhookSecretView.as_view()),
]
